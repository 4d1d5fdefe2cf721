"""Credit points, their consequences, and the stays worth a visit on site."""
