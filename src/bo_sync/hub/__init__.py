"""The Commerce Hub's GraphQL API: transport, wire format and the operations that we send."""
