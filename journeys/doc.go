// Package journeys holds the tests that use the product as people do: the program as it is built, with
// its demo's data, in a real browser. It has no code of its own.
package journeys
