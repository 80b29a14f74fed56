"""From a picture's nodes and edges to something that can be looked at."""
