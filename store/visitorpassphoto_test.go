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
