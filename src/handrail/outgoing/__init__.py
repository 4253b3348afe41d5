"""What this server calls elsewhere: only addresses that it may reach, whoever has named them and wherever they lead."""
