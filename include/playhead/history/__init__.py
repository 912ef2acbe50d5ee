"""What one viewer did: plays of a viewer and events of a session, straight from silver."""
