package store

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// aPhoto is a personal picture. The store does not look into it.
var aPhoto = core.NewPhoto{
	Class: core.PhotoPersonal, Whole: []byte("\xff\xd8\xff the whole face"), Thumb: []byte("\xff\xd8\xff a small face"),
	Width: 40, Height: 30,
}

func newPhoto(t *testing.T, s *Store, owner core.ID) core.ID {
	t.Helper()
	p, err := s.CreatePhoto(t.Context(), owner, aPhoto)
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// used assigns pictures to a thing called resident:7.
func used(s *Store, t *testing.T, owner, community core.ID, ids ...core.ID) error {
	return s.db.Write(t.Context(), "use photos", func(tx *database.Tx) error {
		return usePhotos(tx, owner, ids, photoUse{"resident", 7, community})
	})
}

func TestPhotos(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx, community := t.Context(), newCommunity(t, s, "翠湖花园")
		mine := newWechatUserWithPhone(t, s, "o-1", "13800138001").ID
		theirs := newWechatUserWithPhone(t, s, "o-2", "13800138002").ID
		a, b := newPhoto(t, s, mine), newPhoto(t, s, mine)
		if err := used(s, t, theirs, community, a); err == nil {
			t.Error("somebody used another's picture")
		}
		wantField(t, used(s, t, mine, community, a, 99), "photos")
		if _, err := s.ViewPhoto(ctx, clerk, everywhere, a, core.PhotoThumb); !core.IsNotFound(err) {
			t.Errorf("a picture that nothing uses: %v", err)
		}
		if err := used(s, t, mine, community, a, b); err != nil {
			t.Fatal(err)
		}
		wantField(t, used(s, t, mine, community, a), "photos") // each once
		list, err := s.Photos(ctx, "resident", 7)
		if err != nil || len(list) != 2 || list[0].ID != a || list[0].SHA256 == "" || list[0].Community != community {
			t.Errorf("pictures %+v, %v", list, err)
		}
		for part, want := range map[core.PhotoPart][]byte{core.PhotoWhole: aPhoto.Whole, core.PhotoThumb: aPhoto.Thumb} {
			got, err := s.ViewPhoto(ctx, clerk, core.ScopeOf(community), a, part)
			if err != nil || string(got) != string(want) {
				t.Errorf("%s: %q, %v", part, got, err)
			}
		}
		_, err = s.ViewPhoto(ctx, clerk, core.ScopeOf(community+1), a, core.PhotoWhole)
		wantCode(t, err, core.CodeNotFound)
		if n := countRows(t, s, "SELECT COUNT(*) FROM audit_log WHERE action = 'photo.view' AND target = 'resident:7'"); n != 1 {
			t.Errorf("%d lines of viewing, want 1: of the whole one", n)
		}
		var stored []string
		if err := s.db.All(ctx, &stored, "SELECT content FROM photo_content"); err != nil || len(stored) != 4 {
			t.Fatalf("%d contents, %v", len(stored), err)
		}
		for _, content := range stored {
			if strings.Contains(content, "face") || !strings.HasPrefix(content, "g1.") {
				t.Error("a personal picture is not encrypted")
			}
		}
	})
}

func TestPhotosThatNothingUses(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		community := newCommunity(t, s, "翠湖花园")
		mine := newWechatUserWithPhone(t, s, "o-1", "13800138001").ID
		kept := newPhoto(t, s, mine)
		if err := used(s, t, mine, community, kept); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var refused sync.Map
		for i := range core.MaxIdlePhotos + 4 {
			all.Go(func() {
				if _, err := s.CreatePhoto(t.Context(), mine, aPhoto); err != nil {
					refused.Store(i, err)
				}
			})
		}
		all.Wait()
		n := 0
		refused.Range(func(_, err any) bool {
			n++
			wantCode(t, err.(error), core.CodeConflict)
			return true
		})
		if n != 4 || countRows(t, s, "SELECT COUNT(*) FROM photo") != core.MaxIdlePhotos+1 {
			t.Errorf("%d of %d at once are refused, want 4", n, core.MaxIdlePhotos+4)
		}
		clock.Add(core.IdlePhotoLife - time.Minute)
		late := func() int64 {
			removed, err := s.PurgePhotos(t.Context(), s.Now().Add(-core.IdlePhotoLife))
			if err != nil {
				t.Fatal(err)
			}
			return removed
		}
		if n := late(); n != 0 {
			t.Errorf("%d removed too early", n)
		}
		clock.Add(2 * time.Minute)
		if n := late(); n != core.MaxIdlePhotos {
			t.Errorf("%d removed", n)
		}
		if rows := countRows(t, s, "SELECT COUNT(*) FROM photo_content"); rows != 2 {
			t.Errorf("%d contents are left, want the two of the picture in use", rows)
		}
		newPhoto(t, s, mine)
	})
}

// A picture that waits for its form is shown to its sender and removed by them, by nobody else, and not once it is used.
func TestIdlePhotosAreTheirSendersOwn(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		community := newCommunity(t, s, "翠湖花园")
		mine := newWechatUserWithPhone(t, s, "o-1", "13800138001").ID
		others := newWechatUserWithPhone(t, s, "o-2", "13800138002").ID
		ids := []core.ID{newPhoto(t, s, mine), newPhoto(t, s, mine), newPhoto(t, s, mine)}
		if err := used(s, t, mine, community, ids[2]); err != nil {
			t.Fatal(err)
		}
		idle := func(owner core.ID) int {
			list, err := s.IdlePhotos(t.Context(), owner, ids)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if idle(mine) != 2 || idle(others) != 0 {
			t.Errorf("%d and %d wait", idle(mine), idle(others))
		}
		for _, c := range []struct {
			owner, id core.ID
			want      int
		}{{others, ids[0], 2}, {mine, ids[2], 2}, {mine, ids[0], 1}, {mine, ids[0], 1}} {
			if err := s.RemovePhoto(t.Context(), c.owner, c.id); err != nil || idle(mine) != c.want {
				t.Errorf("%+v: %d wait, %v", c, idle(mine), err)
			}
		}
		if kept, err := s.Photos(t.Context(), "resident", 7); err != nil || len(kept) != 1 {
			t.Errorf("used ones: %d, %v", len(kept), err)
		}
	})
}
