package store

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tongxing/core"
)

// queryCount counts the statements of a store.
type queryCount struct {
	mu      sync.Mutex
	queries []string
}

func (c *queryCount) add(query string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queries = append(c.queries, query)
}

// of returns the statements that an act runs.
func (c *queryCount) of(act func()) []string {
	c.mu.Lock()
	c.queries = nil
	c.mu.Unlock()
	act()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queries
}

// A stranger who probes a house learns nothing, neither from the answer, which is the same to the byte but for what the stranger
// said, nor from how long it takes: the same statements run, one by one, whatever the register has.
func TestAStrangerProbesAndLearnsNothing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, o Options) {
		var count queryCount
		o.onQuery = count.add
		s := openStore(t, o)
		w := newReviewWorld(t, s)
		houses, err := s.CreateHouses(t.Context(), core.System, everywhere, w.community,
			[][]string{{"9栋", "1单元", "101"}, {"9栋", "1单元", "102"}})
		if err != nil {
			t.Fatal(err)
		}
		full, none := w.house, houses[0]
		newPerson(t, s, core.Resident{Community: w.community, House: full, Name: "赵业主", Identity: core.Owner, Phone: "13800138009"})
		newPerson(t, s, core.Resident{Community: w.community, House: full, Name: "钱无号", Identity: core.Owner})
		newPerson(t, s, core.Resident{
			Community: w.community, House: full, Name: "孙本人", Identity: core.Family, Phone: applicantPhone,
			IDNumber: "11010519491231002X", PhoneShared: true,
		})
		probe := func(house core.ID, name, idNumber string) (answer string, queries []string) {
			t.Helper()
			user := newWechatUserWithPhone(t, s, "o-"+name+house.String()+idNumber, applicantPhone)
			queries = count.of(func() {
				own, err := s.CreateCertification(t.Context(), wechatActor(user.ID), user.ID,
					core.CertificationRequest{House: house, Name: name, Identity: core.Family, IDNumber: idNumber},
					RequestKey{Key: "probe"})
				if err != nil {
					t.Fatal(err)
				}
				own.Review.ID, own.Review.Created, own.Review.Due, own.Review.Applicant = 0, time.Time{}, time.Time{}, 0
				own.Review.Name, own.Review.Subject, own.Review.Community, own.House, own.Community = "", "", 0, 0, ""
				text, err := json.Marshal(own)
				if err != nil {
					t.Fatal(err)
				}
				answer = string(text)
			})
			return answer, queries
		}
		probe(none, "郑无人", "") // what the office is told of later ones joins this message
		want, base := probe(none, "周无人", "")
		for _, c := range []struct {
			what, name, idNumber string
			house                core.ID
		}{
			{"an owner's name, whose number is another", "赵业主", "", full},
			{"an owner's name, without a number", "钱无号", "", full},
			{"the number of a record, by another name", "李别名", "", full},
			{"the number and name, by another ID number", "孙本人", "E12345678", full},
			{"nobody, in a full house", "周无人", "", full},
			{"nobody, in an empty house", "吴无人", "", houses[1]},
		} {
			answer, queries := probe(c.house, c.name, c.idNumber)
			if answer != want {
				t.Errorf("%s:\n got %s\nwant %s", c.what, answer, want)
			}
			if !slices.Equal(queries, base) {
				t.Errorf("%s: %d statements, want %d:\n%s\n\nwant\n%s", c.what, len(queries), len(base),
					strings.Join(queries, "\n"), strings.Join(base, "\n"))
			}
		}
		newPerson(t, s, core.Resident{
			Community: w.community, House: houses[1], Name: "卫真人", Identity: core.Owner, Phone: applicantPhone, Certified: s.Now(),
		})
		if answer, queries := probe(none, "陈无人", ""); answer != want || !slices.Equal(queries, base) {
			t.Errorf("a number that is certified for another name:\n got %s\nwant %s\n%s\n\nwant\n%s", answer, want,
				strings.Join(queries, "\n"), strings.Join(base, "\n"))
		}
	})
}
