"""Private link: connections of services, endpoints with their names, and the ways by which data can leave."""
