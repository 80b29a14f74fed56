"""Who can become Owner or Global Administrator, and how: steps from one principal to another, each with its right."""
