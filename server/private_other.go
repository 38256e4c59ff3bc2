//go:build !unix

package main

// ownerModes reports whether files have modes that keep other users out: elsewhere access lists do,
// which files inherit from their folder.
const ownerModes = false

// privateFiles does nothing where there are no modes.
func privateFiles() {}
