package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"tongxing/core"
)

// TestOthersPasses: another's pass is not there, on every route, and nothing of
// theirs changes.
func TestOthersPasses(t *testing.T) {
	s := newSite(t)
	mine, theirs := s.enter("one"), s.enter("two")
	path := "/passes/" + s.Residents[1].Pass.String()
	live := read[tokenBody](s.ok(call{method: "POST", path: path + "/token", token: theirs}))
	for _, below := range []string{"", "/preview", "/records"} {
		s.fails(404, "not_found", call{method: "GET", path: path + below, token: mine})
	}
	s.fails(404, "not_found", call{method: "POST", path: path + "/token", token: mine})
	if result := s.gate.Scan(t.Context(), s.Doors[0].ID, live.Text); !result.Decision.Allowed {
		t.Errorf("the neighbour's token died of it: %+v", result.Decision)
	}
	for _, id := range []string{"0", "-1", "x", "1", "99999999999999999999", "1%20OR%201=1", "%3Cb%3E", s.Residents[0].ID.String()} {
		s.fails(404, "not_found", call{method: "GET", path: "/passes/" + id, token: mine})
		s.fails(404, "not_found", call{method: "POST", path: "/passes/" + id + "/token", token: mine})
	}
}

// TestPreviewSaysWhy: the preview is what the door does.
func TestPreviewSaysWhy(t *testing.T) {
	s := newSite(t)
	rule := core.PassRule{Counting: core.CountHousehold, PeriodDays: 2, Exits: 1, FeverTenths: 373, ReaderQR: true}
	s.SetRule(rule)
	token := s.enter("one")
	path := "/passes/" + s.Residents[0].Pass.String()
	before := read[previewBody](s.ok(call{method: "GET", path: path + "/preview", token: token}))
	if !before.Allowed || before.Limit == nil || *before.Limit != 1 || *before.Left != 1 || before.Direction != core.Out {
		t.Errorf("%+v", before)
	}
	issued := read[tokenBody](s.ok(call{method: "POST", path: path + "/token", token: token}))
	if result := s.gate.Scan(t.Context(), s.Doors[0].ID, issued.Text); !result.Decision.Allowed {
		t.Fatalf("%+v", result.Decision)
	}
	after := read[previewBody](s.ok(call{method: "GET", path: path + "/preview?direction=out", token: token}))
	if after.Allowed || after.Reason != core.ReasonCount || *after.Left != 0 || after.Next == nil {
		t.Fatalf("%+v", after)
	}
	next, err := time.Parse(time.RFC3339, *after.Next)
	if err != nil || !next.After(s.clock.now()) || next.Sub(s.clock.now()) > 48*time.Hour {
		t.Errorf("next %s: %v", *after.Next, err)
	}
	issued = read[tokenBody](s.ok(call{method: "POST", path: path + "/token", token: token}))
	if result := s.gate.Scan(t.Context(), s.Doors[0].ID, issued.Text); result.Decision.Allowed || result.Decision.Sentence != after.Sentence {
		t.Errorf("the door says %+v, the preview %+v", result.Decision, after)
	}
	if in := read[previewBody](s.ok(call{method: "GET", path: path + "/preview?direction=in", token: token})); !in.Allowed || in.Direction != core.In {
		t.Errorf("%+v", in)
	}
	rule.Exits = -1
	s.SetRule(rule)
	pass := read[passBody](s.ok(call{method: "GET", path: path, token: token}))
	if pass.Preview.Allowed || pass.Preview.Reason != core.ReasonBlocked || pass.Preview.Next != nil || *pass.Preview.Left != 0 || !strings.Contains(pass.Rule, "暂停出入") {
		t.Errorf("%+v", pass)
	}
	for _, direction := range []string{"up", "OUT", "out'--", "<b>", strings.Repeat("o", 3000)} {
		s.fails(422, "invalid", call{method: "GET", path: path + "/preview?direction=" + strings.ReplaceAll(direction, "<b>", "%3Cb%3E"), token: token})
	}
}

// TestHTMLInNames: what somebody typed into the register comes out as it went in,
// as JSON that no browser takes for a page.
func TestHTMLInNames(t *testing.T) {
	s := newSite(t)
	const name = `<script>alert("1")</script>'); DROP--`
	house := s.Houses[1]
	_, err := s.Store.CreateResidents(context.Background(), core.System, core.Everywhere, s.Community, []core.Resident{
		{House: house, Name: name, Identity: core.Lodger, LeaseDay: core.DayOf(s.clock.now(), time.UTC) + 30, Phone: s.Residents[0].Phone, Certified: s.clock.now()},
	})
	if err != nil {
		t.Fatal(err)
	}
	token := s.enter("one")
	a := s.ok(call{method: "GET", path: "/passes", token: token})
	passes := read[struct{ Passes []passBody }](a).Passes
	if len(passes) != 2 || passes[1].Name != name || passes[1].House.ID != house || passes[1].LeaseLast == nil {
		t.Fatalf("%+v", passes)
	}
	if strings.Contains(a.Body, "<script>") || a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%v %s", a.Header, a.Body)
	}
}

// TestTokenImages: the picture is the text, ready to show.
func TestTokenImages(t *testing.T) {
	s := newSite(t)
	token := s.enter("one")
	path := "/passes/" + s.Residents[0].Pass.String() + "/token"
	if plain := read[tokenBody](s.ok(call{method: "POST", path: path, token: token})); plain.Image != nil || plain.Seconds < 595 || plain.Seconds > 600 {
		t.Errorf("%+v", plain)
	}
	drawn := read[tokenBody](s.ok(call{method: "POST", path: path + "?image=png&pixels=300", token: token}))
	picture := dataURL(t, drawn, "image/png")
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil || img.Bounds().Dx() > 300 || img.Bounds().Dx() < 200 {
		t.Fatalf("%v %v", img.Bounds(), err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	said, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil || said.GetText() != drawn.Text {
		t.Errorf("the picture does not say the text: %v", err)
	}
	vector := read[tokenBody](s.ok(call{method: "POST", path: path + "?image=svg", token: token}))
	if text := string(dataURL(t, vector, "image/svg+xml")); !strings.HasPrefix(text, "<svg ") {
		t.Errorf("%.60s", text)
	}
	if vector.Text == drawn.Text {
		t.Error("a new token is the old one")
	}
	if result := s.gate.Scan(t.Context(), s.Doors[0].ID, drawn.Text); result.Decision.Reason != core.ReasonTokenAbsent {
		t.Errorf("the token before still lives: %+v", result.Decision)
	}
	for _, query := range []string{"?image=gif", "?image=png&pixels=9999", "?image=png&pixels=-5", "?image=png&pixels=12.5", "?pixels=1"} {
		s.fails(422, "invalid", call{method: "POST", path: path + query, token: token})
	}
	if log := s.log.String(); strings.Contains(log, drawn.Text) || strings.Contains(log, token) {
		t.Error("a token is in the log")
	}
}

func dataURL(t *testing.T, body tokenBody, kind string) []byte {
	t.Helper()
	if body.Image == nil || body.Image.Type != kind {
		t.Fatalf("%+v", body.Image)
	}
	encoded, ok := strings.CutPrefix(body.Image.Data, "data:"+kind+";base64,")
	picture, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		t.Fatalf("%.60s: %v", body.Image.Data, err)
	}
	return picture
}

// TestTokenLimit bounds a person, not their network.
func TestTokenLimit(t *testing.T) {
	s := newSite(t)
	mine, theirs := s.enter("one"), s.enter("two")
	path := func(i int) string { return "/passes/" + s.Residents[i].Pass.String() + "/token" }
	var last answer
	issued := 0
	for range tokensPerMinute + 5 {
		if last = s.do(call{method: "POST", path: path(0), token: mine}); last.Status == 201 {
			issued++
		}
	}
	if issued < tokensPerMinute || issued > tokensPerMinute+2 || last.Status != 429 || last.Header.Get("Retry-After") == "" {
		t.Errorf("%d tokens, then %d", issued, last.Status)
	}
	s.ok(call{method: "POST", path: path(1), token: theirs})
	s.clock.add(time.Minute)
	s.ok(call{method: "POST", path: path(0), token: mine})
}

// TestRecordsPage walks all records by key in both directions.
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
			ReleasedBy: "李师傅", Direction: core.Out, Kind: core.PassResident, Pass: who.Pass, Person: who.Person, Resident: who.ID, House: who.House,
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
	for _, query := range []string{"?limit=101", "?limit=-1", "?limit=x", "?before=x", "?before=1%27--", "?after=-4", "?before=5&after=6", "?%zz"} {
		s.fails(422, "invalid", call{method: "GET", path: path + query, token: token})
	}
}
