// What makes the pages quicker for those who have scripts. Everything also works without it.
