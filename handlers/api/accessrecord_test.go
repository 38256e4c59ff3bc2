package api

import (
	"strings"
	"testing"
	"time"

	"tongxing/core"
)

// TestRecordsPage follows the cursors through all records in both directions.
func TestRecordsPage(t *testing.T) {
	s := newSite(t)
	token := s.enter("one")
	me, neighbour := s.Residents[0], s.Residents[1]
	var records []core.AccessRecord
	for i := range 25 {
		who := me
		if i%5 == 4 {
			who = neighbour // of the same house
		}
		records = append(records, core.AccessRecord{
			Community: s.Community, At: s.clock.now().Add(time.Duration(i-30) * time.Minute), Via: core.ViaGuard, Post: s.Post, Gate: "东门岗",
			ReleasedBy: "李师傅", Direction: core.Out, Kind: core.PassResident, Pass: who.Pass,
			Person: who.Person, Resident: who.ID, House: who.House,
			Name: who.Name, Allowed: true, Reason: core.ReasonAllowed, TempTenths: 365, Note: "只给门岗看",
		})
	}
	if err := s.Store.ImportAccessRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	path := "/passes/" + me.Pass.String() + "/records"
	var all []recordBody
	query := "?limit=7"
	for {
		a := s.ok(call{method: "GET", path: path + query, token: token})
		if strings.Contains(a.Body, "李师傅") || strings.Contains(a.Body, "只给门岗看") {
			t.Error("the guard's name or note shows")
		}
		page := read[recordsBody](a)
		all = append(all, page.Records...)
		if !page.More {
			break
		}
		query = "?limit=7&before=" + page.Records[len(page.Records)-1].ID.String()
	}
	if len(all) != 20 || *all[0].Temperature != 36.5 {
		t.Fatalf("%d records", len(all))
	}
	for i := 1; i < len(all); i++ {
		if all[i].ID >= all[i-1].ID {
			t.Errorf("record %d is not older", i)
		}
	}
	newer := s.records(token, path+"?limit=3&after="+all[10].ID.String())
	if len(newer.Records) != 3 || newer.Records[2].ID != all[9].ID || !newer.More {
		t.Errorf("%+v", newer)
	}
	if none := s.records(token, path+"?after="+all[0].ID.String()); len(none.Records) != 0 || none.More {
		t.Errorf("%+v", none)
	}
	for _, query := range []string{
		"?limit=101", "?limit=-1", "?limit=x", "?before=x", "?before=1%27--", "?after=-4", "?before=5&after=6",
		"?%zz",
	} {
		s.fails(422, "invalid", call{method: "GET", path: path + query, token: token})
	}
}
