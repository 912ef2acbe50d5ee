"""What Playhead is measured against: programs of their own, so that each is started, timed and ended like ours."""
