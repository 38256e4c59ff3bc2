package simulator

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// httpv2 is a terminal of the family HTTPv2, such as FC-8200, that is set to ask.
var httpv2 = firmware{
	request: func(d Device, text string, now time.Time) message {
		m := httpv2Form(d, httpv2Detail(d, text, now, now.UnixMilli(), 32))
		m.path = "/Device/RequestAuthorization"
		return m
	},
	heartbeat: func(d Device, _ time.Time) message {
		return message{
			path: "/Device/Keepalive", contentType: "application/json",
			body: `{"SN":"` + d.Serial + `","RelayStatus":0,"KeepOpenStatus":0,"DoorSensorStatus":0,"LockDoorStatus":0,"AlarmStatus":""}`,
		}
	},
	opens: func(answer []byte) bool {
		success := httpv2Success(answer)
		return success == "1" || success == "2"
	},
}

// httpv2Success returns what an answer says: a number.
func httpv2Success(answer []byte) json.Number {
	var reply struct {
		Success *int
	}
	if json.Unmarshal(answer, &reply) != nil || reply.Success == nil {
		return ""
	}
	return json.Number(strconv.Itoa(*reply.Success))
}

func httpv2Detail(d Device, text string, now time.Time, number int64, kind int) string {
	entry := 1
	if d.Out {
		entry = 0
	}
	b, _ := json.Marshal(map[string]any{
		"RecordID": number, "RecordType": kind, "RecordDate": now.Unix(), "UserID": "0", "CardNum": "0", "QRCode": text,
		"IsEntry": entry, "BodyTemp": d.Tenths, "PhotoLen": 0,
	}) // texts and numbers: cannot fail
	return string(b)
}

// httpv2Form puts a record between the parts of a form.
func httpv2Form(d Device, detail string) message {
	const boundary = "--------------------------506873351428002157394455"
	part := func(name, text string) string {
		return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n"
	}
	return message{
		body:        part("SN", d.Serial) + part("RecordDetail", detail) + "--" + boundary + "--\r\n",
		contentType: "multipart/form-data; boundary=" + boundary,
	}
}

// Report tells the server what a terminal of HTTPv2 has decided by itself at a time, with a number of its own. taken reports whether
// it may forget it.
func (d Device) Report(ctx context.Context, number int64, kind int, text string, at time.Time) (taken bool, err error) {
	m := httpv2Form(d, httpv2Detail(d, text, at, number, kind))
	m.path = "/Record/UploadIdentifyRecord"
	answer, err := d.send(ctx, httpv2, m)
	return err == nil && httpv2Success([]byte(answer.Text)) == "1", err
}
