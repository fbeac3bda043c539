"""The case: reports, workflow, clocks, dispatch, timeline, attachments."""
