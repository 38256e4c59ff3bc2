package api

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
)

func (a *API) recordRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/api/v1/passes/:id/records", Access: web.Resident, Handler: a.accessRecordList},
	}
}

// Number of records in a response.
const (
	recordsDefault = 20
	maxRecords     = 100
)

type recordsForm struct {
	Before core.ID `form:"before"`
	After  core.ID `form:"after"`
	Limit  int     `form:"limit"`
}

func (f recordsForm) check() error {
	fields := map[string]string{}
	if f.Before != 0 && f.After != 0 {
		fields["after"] = "before 与 after 只能给一个"
	}
	if f.Limit < 0 || f.Limit > maxRecords {
		fields["limit"] = "每页应为 1 至 100 条"
	}
	return core.InvalidFields(fields)
}

// page returns the requested part of the list, newest first: before selects older records, which
// come next.
func (f recordsForm) page() core.Page {
	limit := f.Limit
	if limit == 0 {
		limit = recordsDefault
	}
	return core.Page{Next: f.Before, Prev: f.After, Limit: limit}
}

type recordsBody struct {
	Records []recordBody `json:"records"`
	More    bool         `json:"more"`
}

// recordBody is one passage or refusal as the resident may see it: without the guard's name and
// note.
type recordBody struct {
	ID          core.ID        `json:"id"`
	At          string         `json:"at"`
	Direction   core.Direction `json:"direction"`
	Gate        string         `json:"gate"`
	Via         core.Via       `json:"via"`
	ViaText     string         `json:"via_text"`
	Allowed     bool           `json:"allowed"`
	Reason      core.Reason    `json:"reason"`
	Sentence    string         `json:"sentence"`
	Temperature *float64       `json:"temperature"`
	Repeats     int            `json:"repeats"`
	People      int            `json:"people"`
}

// accessRecordList returns the pass's passages and refusals, newest first: those of its person for its
// house.
func (a *API) accessRecordList(c *web.Context) error {
	var form recordsForm
	if err := c.BindQuery(&form); err != nil {
		return err
	}
	if err := form.check(); err != nil {
		return err
	}
	pass, err := a.ownPass(c)
	if err != nil {
		return err
	}
	scope, err := a.store.PassScope(c.Ctx(), pass)
	if err != nil {
		return err
	}
	filter := core.RecordFilter{Community: pass.Community, Person: pass.Person, House: pass.House}
	if pass.House == 0 { // the person may be a resident there too
		filter.Kind = pass.Kind
	}
	records, more, err := a.store.AccessRecords(c.Ctx(), scope, filter, form.page())
	if err != nil {
		return err
	}
	body := recordsBody{Records: make([]recordBody, len(records)), More: more}
	for i, r := range records {
		body.Records[i] = a.record(r)
	}
	return c.JSON(http.StatusOK, body)
}

func (a *API) record(r core.AccessRecord) recordBody {
	body := recordBody{
		ID: r.ID, At: a.moment(r.At), Direction: r.Direction, Gate: r.Gate, Via: r.Via, ViaText: r.Way(),
		Allowed: r.Allowed, Reason: r.Reason, Sentence: r.Reason.Sentence(),
		Repeats: r.Repeats, People: max(r.People, 1),
	}
	if r.TempTenths != 0 {
		degrees := float64(r.TempTenths) / 10
		body.Temperature = &degrees
	}
	return body
}
