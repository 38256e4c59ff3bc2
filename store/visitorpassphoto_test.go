package store

import (
	"testing"
	"time"

	"tongxing/core"
)

// askForPhoto sets whether a community's visitors send a picture.
func askForPhoto(t *testing.T, s *Store, community core.ID, use core.FormUse) {
	t.Helper()
	changeVisitorRule(t, s, community, func(r *VisitorRule) {
		for i := range r.Form {
			if r.Form[i].Key == "photo" {
				r.Form[i].Use = use
			}
		}
	})
}

// Pictures that were applied with stay as long as the guard may need them, however soon those of reviews are deleted.
func TestGuardsSeePicturesOfWhatWasApproved(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		askForPhoto(t, s, w.community, core.FormRequired)
		visit := w.application()
		visit.From = s.Now().Add(5 * aDay)
		visit.Until = visit.From.Add(time.Hour)
		visit.Picture = &aPhoto
		applied := w.mustApply(0, visit)
		if err := w.decide(w.zhang, applied.ID, true); err != nil {
			t.Fatal(err)
		}
		clock.Add(3 * aDay)
		purge := func() int64 {
			t.Helper()
			n, err := s.PurgeReviewPhotos(t.Context(), s.Now().Add(-aDay))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		granted, err := s.VisitorPass(t.Context(), everywhere, applied.ID)
		if err != nil || purge() != 0 {
			t.Fatalf("the picture is gone before the visit, %v", err)
		}
		if seen, err := s.PreviewScan(t.Context(), w.scan(granted.Pass, core.In, 1)); err != nil || seen.Photo == 0 {
			t.Errorf("the guard sees picture %d, %v", seen.Photo, err)
		}
		clock.Add(visit.Until.Sub(s.Now()) + aDay)
		if n := purge(); n != 0 {
			t.Error("the picture is gone before its days are over")
		}
		clock.Add(time.Second)
		if n := purge(); n != 1 {
			t.Errorf("%d pictures are purged after the visit", n)
		}
	})
}

// A visitor's picture is asked for as the community says, is the sender's own, goes to who decides and to the guard, and goes with
// the visit.
func TestPicturesOfVisitors(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newVisitOffice(t, s)
		invite := func(photo core.ID) (OwnVisitor, error) {
			return s.CreateVisitorPass(t.Context(), core.System, w.host.ID, core.VisitorPass{
				House: w.houses[0], Name: "来客", Until: s.Now().Add(time.Hour), Photo: photo,
			}, RequestKey{})
		}
		pictures := func() int { return countRows(t, s, "SELECT COUNT(*) FROM photo WHERE use_stem = 'visitorpass'") }
		own, others := newPhoto(t, s, w.host.ID), newPhoto(t, s, newWechatUserWithPhone(t, s, "guest", "13600000001").ID)
		_, err := invite(own)
		wantField(t, err, "photo") // nobody asks for it
		askForPhoto(t, s, w.community, core.FormRequired)
		for _, photo := range []core.ID{0, others, 77} {
			_, err = invite(photo)
			wantField(t, err, "photo")
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM visitor_pass"); n != 0 || pictures() != 0 {
			t.Errorf("%d visits, %d pictures of what was refused", n, pictures())
		}
		visit, err := invite(own)
		if err != nil {
			t.Fatal(err)
		}
		_, err = invite(own) // it is of the first
		wantField(t, err, "photo")
		if seen, err := s.PreviewScan(t.Context(), w.scan(visit.Pass, core.In, 1)); err != nil || seen.Photo != own {
			t.Errorf("the guard sees picture %d, %v; want %d", seen.Photo, err, own)
		}

		outside := w.application() // nobody outside WeChat has a picture that waits
		outside.Photo = others
		_, err = w.apply(0, outside)
		wantField(t, err, "photo")
		outside.Photo, outside.Picture = 0, &aPhoto
		applied := w.mustApply(0, outside)
		booked := w.application()
		booked.Way, booked.Host, booked.House, booked.Picture = core.VisitBooked, "13900000000", 0, &aPhoto
		w.mustApply(0, booked)
		at, err := s.RegisterVisit(t.Context(), core.System, everywhere, core.VisitorPass{
			House: w.houses[1], Name: "来客", Until: s.Now().Add(time.Hour), Picture: &aPhoto,
		})
		if err != nil || pictures() != 4 {
			t.Errorf("registered %d, %d pictures, %v", at, pictures(), err)
		}
		sent, err := s.Photos(t.Context(), "visitorpass", applied.ID)
		if err != nil || len(sent) != 1 || sent[0].Class != core.PhotoPersonal {
			t.Fatalf("%+v, %v", sent, err)
		}
		if _, err := s.ViewPhoto(t.Context(), clerk, core.ScopeOf(w.community), sent[0].ID, core.PhotoWhole); err != nil {
			t.Error(err)
		}
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'photo.view' AND target = ?",
			"visitorpass:"+applied.ID.String()); n != 1 {
			t.Errorf("%d looks are noted", n)
		}

		if err := w.decide(w.zhang, applied.ID, false); err != nil {
			t.Fatal(err)
		}
		clock.Add(time.Minute)
		if n, err := s.PurgeReviewPhotos(t.Context(), s.Now()); n != 1 || err != nil {
			t.Errorf("%d pictures of what was decided are purged, %v", n, err)
		}
		if n, err := s.PurgeVisitorPasses(t.Context(), s.Now().Add(aDay)); n != 4 || err != nil || pictures() != 0 {
			t.Errorf("%d visits are purged, %v, and %d pictures remain", n, err, pictures())
		}
	})
}

// The resident who is asked sees the visitor's picture until the answer, and nobody else does: neither a neighbour, nor the house
// where the office alone decides. Looking at the whole of it is in the log.
func TestWhoIsAskedSeesThePicture(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		w := newVisitOffice(t, s)
		askForPhoto(t, s, w.community, core.FormRequired)
		neighbour := newWechatUserWithPhone(t, s, "o13900000001", "13900000001")
		with := func(change func(*VisitApplication)) OwnVisit {
			v := w.application()
			v.Picture = &aPhoto
			change(&v)
			return w.mustApply(0, v)
		}
		unasked := with(func(*VisitApplication) {})
		changeVisitorRule(t, s, w.community, func(r *VisitorRule) { r.Hosts = true })
		asked := with(func(*VisitApplication) {})
		booked := with(func(v *VisitApplication) { v.Way, v.Host, v.House = core.VisitBooked, "13900000000", 0 })
		look := func(user core.ID, visit OwnVisit, part core.PhotoPart) error {
			t.Helper()
			sent, err := s.Photos(t.Context(), "visitorpass", visit.ID)
			if err != nil || len(sent) != 1 {
				t.Fatal(sent, err)
			}
			by := core.Actor{Kind: core.ActorWechat, ID: user, Name: "住户"}
			content, err := s.WaitingPhoto(t.Context(), by, user, sent[0].ID, part)
			if err == nil && len(content) == 0 {
				t.Error("an empty picture")
			}
			return err
		}
		looks := func(visit OwnVisit) int {
			return countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'photo.view' AND target = ?",
				"visitorpass:"+visit.ID.String())
		}
		wantCode(t, look(w.host.ID, unasked, core.PhotoThumb), core.CodeNotFound)
		for _, visit := range []OwnVisit{asked, booked} {
			wantCode(t, look(neighbour.ID, visit, core.PhotoThumb), core.CodeNotFound)
			for _, part := range []core.PhotoPart{core.PhotoThumb, core.PhotoWhole} {
				if err := look(w.host.ID, visit, part); err != nil {
					t.Errorf("%s %s: %v", visit.Way, part, err)
				}
			}
			if n := looks(visit); n != 1 {
				t.Errorf("%s: %d looks are noted", visit.Way, n)
			}
			yes := core.ReviewDecision{ID: visit.ID, Approve: true}
			if err := s.AnswerVisit(t.Context(), core.System, w.host.ID, yes); err != nil {
				t.Fatal(err)
			}
			wantCode(t, look(w.host.ID, visit, core.PhotoThumb), core.CodeNotFound)
			if own, err := s.OwnVisitor(t.Context(), w.host.ID, visit.ID); err != nil || own.Photo != 0 {
				t.Errorf("%s: after the answer, picture %d, %v", visit.Way, own.Photo, err)
			}
		}
		if _, err := s.WaitingPhoto(t.Context(), clerk, w.host.ID, newPhoto(t, s, neighbour.ID), core.PhotoThumb); !core.IsNotFound(err) {
			t.Errorf("a neighbour's picture that waits for a form: %v", err)
		}
	})
}
