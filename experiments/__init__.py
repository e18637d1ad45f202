"""What the report's statements come to: a folder for each question, with what runs said."""
