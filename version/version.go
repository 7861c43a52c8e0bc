package version

// Version is what the upstream reads in User-Agent.
const Version = "0.1.0"
