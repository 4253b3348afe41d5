"""What carries requests to people: one file or folder each."""
