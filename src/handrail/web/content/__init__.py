"""What people judge, as safe HTML: pure functions from values to markup."""
