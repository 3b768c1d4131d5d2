"""Loading: files of many formats become networks, people and shelters, with a report of it all."""
