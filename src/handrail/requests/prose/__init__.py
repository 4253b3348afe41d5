"""Text that people judge, read as Markdown: what it says and how it is written, for whatever face shows it."""
