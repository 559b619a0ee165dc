"""Pieces of pages: functions that return component trees."""
