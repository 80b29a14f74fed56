"""What an auditor takes away: for each control what was judged, what was found, and when."""
