"""An embedded Commerce Hub that executes real GraphQL over SQLite, in process or over HTTP."""
