"""The real player: hls.js in headless Chromium plays a stream and reports CMCD v2 events to the collector, as any web player would."""
