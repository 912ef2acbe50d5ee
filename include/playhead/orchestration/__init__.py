"""What DAGs import: assets, operators, timetables, deadlines, callbacks."""
