package h5

import (
	"time"

	"tongxing/core"
	"tongxing/handlers/web"
)

// restricted are the restrictions of houses of the user's own.
type restricted struct {
	by    map[core.ID]core.Restriction
	zone  *time.Location
	today core.Day
}

// restrictedOf returns the restrictions of houses, which the user may know.
func (h *H5) restrictedOf(c *web.Context, houses ...core.ID) (restricted, error) {
	by, err := h.store.RestrictionsOf(c.Ctx(), core.Everywhere, houses)
	return restricted{by, h.store.Zone(), core.DayOf(c.Now(), h.store.Zone())}, err
}

// bars returns in words that the guard does not let something of a house pass from an instant on, or from now; "" = the guard does.
func (r restricted) bars(house core.ID, what string, from time.Time) string {
	x, ok := r.by[house]
	if !ok {
		return ""
	}
	day := r.today
	if !from.IsZero() {
		day = max(day, core.DayOf(from, r.zone))
	}
	return x.Bars(what, day)
}

// barredShort is said beside a pass in a list that the guard refuses as long as the house is restricted.
const barredShort = "房屋已被限制出入"
