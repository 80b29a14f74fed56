"""What applications, grants and Conditional Access of a directory make possible."""
