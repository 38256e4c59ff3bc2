package access

import (
	"testing"

	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/testkit/desk"
)

// area returns the package's routes, for a desk.
func area(f *frame.Frame, _ web.Cache) []web.Route { return (&Pages{Frame: f}).Routes() }

func newDesk(t *testing.T) *desk.Desk {
	t.Helper()
	return desk.New(t, area)
}
