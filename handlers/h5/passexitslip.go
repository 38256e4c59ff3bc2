package h5

import "tongxing/handlers/web"

// exitSlipPass is the pass of an exit slip. Nobody finds it among their passes.
var exitSlipPass = passKind{
	find: func(h *H5, c *web.Context, page *searchPage) (err error) {
		page.Slips, err = h.findSlips(c, page.Post, page.Keyword)
		return err
	},
	compare: (*H5).lookAtSlip,
}
