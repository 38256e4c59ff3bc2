package core

import "testing"

// What is kept for a shorter time is deleted, whatever else is kept for longer.
func TestSettingsThatDelete(t *testing.T) {
	was := Settings{RecordDays: 90, ReviewPhotoDays: 30}
	for _, c := range []struct {
		records, photos    int
		ofRecords, ofPhoto bool
	}{
		{90, 30, false, false}, {0, 31, false, false}, {60, 30, true, false}, {90, 1, false, true}, {0, 29, false, true},
		{30, 7, true, true},
	} {
		s := Settings{RecordDays: c.records, ReviewPhotoDays: c.photos}
		if s.DeletesRecords(was) != c.ofRecords || s.DeletesPhotos(was) != c.ofPhoto || s.DeletesMore(was) != (c.ofRecords || c.ofPhoto) {
			t.Errorf("%d and %d days: %v %v %v", c.records, c.photos, s.DeletesRecords(was), s.DeletesPhotos(was), s.DeletesMore(was))
		}
	}
}
