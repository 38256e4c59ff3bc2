//go:build !unix

package main

// ownerModes says that files have modes that keep other users out: elsewhere access
// lists do, which a folder hands down to what is in it.
const ownerModes = false

// privateFiles does nothing where there are no modes.
func privateFiles() {}
