"""Motifs of transcription factors, and in which peaks they lie."""
