package core

import "time"

// ReaderSigns is what has been seen of a reader lately: what its installer has tried. A zero time is that nothing has.
type ReaderSigns struct {
	Released time.Time // it let somebody through
	Refused  time.Time // it refused somebody
	Ordered  time.Time // it opened by an order
}
