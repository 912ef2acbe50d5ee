"""Rules, gates and the books: what makes data trustworthy."""
