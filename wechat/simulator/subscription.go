package simulator

import (
	"maps"
	"slices"
	"strconv"
)

// SubscriptionLine is one template in a subscription event.
type SubscriptionLine struct {
	Template string
	Status   string // accept, reject, …; "" in a sent event
	Scene    string // of a popup
	MsgID    string // of a sent event
	Code     string // of a sent event
	Note     string // of a sent event
}

// fields returns the line as the platform names its parts.
func (l SubscriptionLine) fields() [][2]string {
	all := [][2]string{{"TemplateId", l.Template}, {"SubscribeStatusString", l.Status}, {"PopupScene", l.Scene}, {"MsgID", l.MsgID},
		{"ErrorCode", l.Code}, {"ErrorStatus", l.Note}}
	return slices.DeleteFunc(all, func(f [2]string) bool { return f[1] == "" })
}

func status(accepted bool) string {
	if accepted {
		return "accept"
	}
	return "reject"
}

// AnswerPrompt answers the mini-program's prompt for up to three templates, true to accept: each
// acceptance pays for one message. The event subscribe_msg_popup_event follows.
func (s *Simulator) AnswerPrompt(person, appID string, answers map[string]bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, a, err := s.pair(person, appID)
	if err != nil {
		return err
	}
	var lines []SubscriptionLine
	for _, id := range slices.Sorted(maps.Keys(answers)) {
		lines = append(lines, SubscriptionLine{Template: id, Status: status(answers[id]), Scene: "0"})
		if answers[id] {
			s.grants[grantKey{identity{appID, person}, id}]++
		}
	}
	s.push(s.parcel(a, p, Event{Name: "subscribe_msg_popup_event", Lines: lines}))
	return nil
}

// SwitchTemplate turns a template off or on in the person's settings; messages of one that is off are
// refused with 43101. Of a mini-program, the event subscribe_msg_change_event follows; an official
// account is not told.
func (s *Simulator) SwitchTemplate(person, appID, templateID string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, a, err := s.pair(person, appID)
	if err != nil {
		return err
	}
	key := grantKey{identity{appID, person}, templateID}
	if on {
		delete(s.refused, key)
	} else {
		s.refused[key] = true
	}
	if a.Type == MiniProgram {
		lines := []SubscriptionLine{{Template: templateID, Status: status(on)}}
		s.push(s.parcel(a, p, Event{Name: "subscribe_msg_change_event", Lines: lines}))
	}
	return nil
}

// Grants returns how many messages of a template the person has paid for.
func (s *Simulator) Grants(person, appID, templateID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.grants[grantKey{identity{appID, person}, templateID}]
}

// pushSent sends subscribe_msg_sent_event; the caller holds mu.
func (s *Simulator) pushSent(a *App, p *Person, template string, id int64) {
	s.push(s.parcel(a, p, Event{Name: "subscribe_msg_sent_event", Lines: []SubscriptionLine{
		{Template: template, MsgID: strconv.FormatInt(id, 10), Code: "0", Note: "success"}}}))
}

// refuses reports whether the person has turned the template off; the caller holds mu.
func (s *Simulator) refuses(person, appID, template string) bool {
	return s.refused[grantKey{identity{appID, person}, template}]
}
