"""What people are asked, pure: no clock, no database, no network. Time and actor arrive as arguments."""
