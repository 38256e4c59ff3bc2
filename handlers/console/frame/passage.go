package frame

import (
	"tongxing/core"
	"tongxing/handlers/web"
)

// PassageURLs are the pages of whom and what an access record names; "" = not known, or no permission.
type PassageURLs struct{ NameURL, HouseURL, GateURL string }

// PassageURLsOf returns the pages that the account may open.
func PassageURLsOf(c *web.Context, r core.AccessRecord) PassageURLs {
	var urls PassageURLs
	if r.Resident != 0 && c.Has(core.PermResidentView) {
		urls.NameURL = ResidentURL(r.Resident)
	}
	if r.House != 0 && c.Has(core.PermHouseView) {
		urls.HouseURL = HouseURL(r.House)
	}
	switch {
	case r.Reader != 0 && c.Has(core.PermReaderView):
		urls.GateURL = ReaderURL(r.Reader)
	case r.Post != 0 && c.Has(core.PermGuardPostView):
		urls.GateURL = GuardPostURL(r.Post)
	}
	return urls
}
