"""What regulates what: peaks that go with genes, genes that go with transcription factors, and how sure that is."""
