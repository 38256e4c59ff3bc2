package wechat

import (
	"errors"
	"net"
)

// errUnsent is an error before the call went out: there was no token for it.
type errUnsent struct{ err error }

func (e *errUnsent) Error() string { return e.err.Error() }
func (e *errUnsent) Unwrap() error { return e.err }

// MayHaveHappened reports whether the platform may have done what a failed call asked for: no answer came, or none that
// is the platform's own. A call that is answered with an errcode, that had no token, or that reached no server
// has done nothing.
func MayHaveHappened(err error) bool {
	var e *Error
	switch {
	case err == nil || errors.As(err, new(*errUnsent)):
		return false
	case errors.As(err, &e):
		return e.HTTP != 0
	}
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial"
}
