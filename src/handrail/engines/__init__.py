"""What makes runs advance."""
