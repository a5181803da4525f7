"""The answer of a check as text, JSON, JUnit XML, Markdown and GitHub annotations."""
