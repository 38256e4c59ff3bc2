package h5

import (
	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

// visitorPass is the pass of a visitor, whose page is that of the visit.
var visitorPass = passKind{show: (*H5).visitOfPass, find: (*H5).findVisitors, compare: (*H5).compareVisitor}

// findVisitors finds the visitors who may come still, or are inside.
func (h *H5) findVisitors(c *web.Context, page *searchPage) error {
	visits, _, err := h.store.VisitorPasses(c.Ctx(), core.ScopeOf(page.Post.Community), store.VisitorPassFilter{
		Usable: true, Keyword: page.Keyword, Now: c.Now(), Page: store.Page{Limit: maxSearch},
	})
	for _, v := range visits {
		note := "有效至 " + h.visitTime(v.Until)
		if v.Inside() {
			note = h.visitTime(v.Entered) + " 进门，" + insideText(v)
		}
		page.Guests = append(page.Guests, guest{v.Pass, v.Name, core.PassVisitor.Type().Short, v.HouseLabel, note})
	}
	return err
}

// compareVisitor adds what the visitor wrote, and why they are on the blacklist, if they are.
func (h *H5) compareVisitor(_ *web.Context, _ *passageForm, page *lookPage) error {
	if page.Preview.Barred != "" {
		page.Facts = append(page.Facts, templates.Fact{Label: "黑名单", Value: page.Preview.Barred})
	}
	if visit := page.Preview.Visit; visit != nil {
		page.Facts = append(page.Facts, h.visitFacts(*visit)...)
	}
	return nil
}
