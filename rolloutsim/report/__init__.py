"""Results as people and programs read them: the screen, JSON, JUnit."""
