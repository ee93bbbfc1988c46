"""Work that begins with what a tracker wrote, or ends with what it is given: packing submissions, preparing prompts."""
