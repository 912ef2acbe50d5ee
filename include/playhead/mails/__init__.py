"""What the mails look like: their templates, in HTML and in plain text, and how these are filled in."""
