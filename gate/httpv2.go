package gate

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
)

// HTTPv2ContentType is the type of every answer to a terminal of the family HTTPv2.
const HTTPv2ContentType = "application/json;charset=utf-8"

// httpv2 is the family of terminals with a screen, a camera and often a thermometer, as sold as FC-8200 and FC-8300. What a request is
// depends on its path. They ask about what they read if they are set to, and tell afterwards what they decided by themselves.
var httpv2 = Protocol{
	ReaderProtocol: named(core.ProtocolHTTPv2),
	ContentType:    HTTPv2ContentType,
	MaxRequest:     96 << 10, // with a picture of at most 50 KB
	Names:          []string{"RecordDetail", "RecordID", "QRCode"},
	Sent: callFields{
		"device": false, "record": false, "people": false, "keepalive": false, "requestauthorization": false,
		"uploadidentifyrecord": false, "uploadsystemrecord": false, "uploadworksetting": false, "remotecommand": false,
		"sn": true, "devicesn": true, "recorddetail": false, "recordjson": false, "recordid": false, "recordtype": true,
		"recorddate": false, "qrcode": false, "cardnum": false, "isentry": true, "bodytemp": true, "photolen": false, "records": false,
		"relaystatus": true, "keepopenstatus": true, "doorsensorstatus": true, "lockdoorstatus": true, "alarmstatus": false,
		"content-disposition": false, "form-data": false, "name": false,
	},
	Answered: callFields{"success": true, "message": false},
	MustName: true,
	ByPath:   true,
	Burst:    1,
	Read:     readHTTPv2,
	Answer:   answerHTTPv2,
	Settings: func(r core.Reader) []Setting {
		return []Setting{
			{Label: "协议类型（HTTP 客户端）", Value: "HTTPv2"},
			{Label: "设备 SN", Value: r.Serial, Code: true, Copy: true},
			{Label: "心跳间隔", Value: strconv.Itoa(r.HeartbeatSeconds) + " 秒"},
			{Label: "在线鉴权", Value: "打开，等待 2 秒"},
			{Label: "进出方向（IsEntry）", Value: "进门报 1，出门报 0；一台设备管两个方向时，“进门读头号”填 1"},
			{Label: "请求压缩（GZIP）", Value: "开或关都可以"},
		}
	},
	Steps: []string{
		"把完整地址填进设备的 HTTP 客户端服务器地址；/Device/Keepalive 等路径由设备自己接在后面，地址最后一段就是密钥，不要截短。",
		"核对设备 SN 与上表一致，一个字符也不能差。",
		"打开在线鉴权：设备读到的码才会来问本系统。",
		"清空设备里自带的人脸、卡、指纹和密码：设备自己认识的人不问本系统就开门，事后才补报“设备自行放行”，不计次。",
		"带测温的设备，在本读头的设置里打开“带测温”；体温随每次读码一起报来。",
		"修改设备的菜单密码和网页密码，关闭不用的 Telnet、RTSP；消防联动与出门按钮必须不经过本系统也能开门。",
	},
	Trial: append(trials[:len(trials):len(trials)],
		"在设备上点“测试连接”：应连接成功；提示“未激活”的，是 SN 或地址不符。",
		"小区开启体温记录的，不测温刷一次：应提示“请到门岗测温”，门不开。"),
}

// Paths after the reader's secret, in lower case.
const (
	httpv2Beat   = "/device/keepalive"
	httpv2Asks   = "/device/requestauthorization"
	httpv2Record = "/record/uploadidentifyrecord"
)

// Whatever else the terminals' API has is below one of these.
var httpv2Areas = []string{"/device/", "/record/", "/people/", "/devicepass/"}

// Bounds of one request, in bytes; the maker's are 1000 for a record and 128 for a code.
const (
	maxHTTPv2Detail = 4 << 10
	maxHTTPv2Parts  = 8
)

// What a request has besides the terminal's name, in lower case. The maker's examples call the record recordJson, too.
const (
	httpv2Serial  = "sn"
	httpv2Device  = "devicesn"
	httpv2Detail  = "recorddetail"
	httpv2Detail2 = "recordjson"
)

// readHTTPv2 reads a terminal's request:
//
//	/Device/Keepalive              {"SN":"FC-8200H1","RelayStatus":0, …}
//	/Device/RequestAuthorization   SN and RecordDetail {"RecordID":7,"RecordDate":1773692713,"QRCode":"TEXT","BodyTemp":365}
//	/Record/UploadIdentifyRecord   the same, of what it decided by itself
//
// The last two are forms of parts, with a picture that nobody looks at. A text that was shown is a value of JSON. One that a firmware
// does not escape may look like further values: a name that comes twice makes the request unreadable.
func readHTTPv2(w Wire) (Message, error) {
	path := strings.ToLower(strings.TrimSuffix(w.Path, "/"))
	fields, ok := httpv2Fields(w)
	if !ok {
		return Message{}, ErrReaderRequest
	}
	m := Message{Device: strings.TrimSpace(fields[httpv2Serial])}
	if m.Device == "" {
		m.Device = strings.TrimSpace(fields[httpv2Device])
	}
	if m.Device == "" || !core.IsReaderSerial(m.Device) {
		return Message{}, ErrReaderRequest
	}
	switch path {
	case httpv2Beat:
		m.Kind = MessageHeartbeat
		return m, nil
	case httpv2Asks, httpv2Record:
		return m.readHTTPv2Detail(fields, path == httpv2Record)
	}
	for _, area := range httpv2Areas {
		if strings.HasPrefix(path, area) {
			m.Kind = MessageOther
			return m, nil
		}
	}
	return Message{}, ErrReaderRequest
}

// readHTTPv2Detail adds what was shown, or decided.
func (m Message) readHTTPv2Detail(fields map[string]string, decided bool) (Message, error) {
	detail := fields[httpv2Detail]
	if detail == "" {
		detail = fields[httpv2Detail2]
	}
	d, ok := uniqueFields([]byte(detail))
	if !ok || len(detail) > maxHTTPv2Detail {
		return Message{}, ErrReaderRequest
	}
	clock, kind := httpv2Number(d["recorddate"]), int(min(httpv2Number(d["recordtype"]), 9999))
	m.Text, m.Temp = httpv2Shown(d), httpv2Temperature(d["bodytemp"])
	switch d["isentry"] {
	case "1":
		m.Head = 1
	case "0":
		m.Head = 2
	}
	if !decided {
		if m.Text == "" {
			return Message{}, ErrReaderRequest
		}
		m.Kind, m.Clock = MessageScan, clock
		return m, nil
	}
	words, opened := httpv2Means(kind)
	if kind == httpv2Free {
		m.Text = "" // it opened whatever was shown
	}
	m.Kind = MessageRecord
	m.Record = &core.DeviceRecord{
		Number: httpv2Number(d["recordid"]), Clock: clock, Type: kind, Opened: opened, Means: words, Name: d["name"], Head: m.Head,
		TempTenths: m.Temp,
	}
	return m, nil
}

// httpv2Shown returns what was shown: a code, a card, or whom the terminal recognised, which is no pass of ours.
func httpv2Shown(d map[string]string) string {
	if code := strings.TrimSpace(d["qrcode"]); code != "" {
		return shownText(code)
	}
	if card := strings.TrimSpace(d["cardnum"]); card != "" && card != "0" {
		return card
	}
	if user := strings.TrimSpace(d["userid"]); user != "" && user != "0" {
		return "user:" + user
	}
	return ""
}

// Temperatures of people, in tenths of a degree; what is not between them was measured of something else.
const (
	coldestTenths = 300
	hottestTenths = 450
)

// httpv2Temperature returns tenths of a degree; 0 if nobody was measured.
func httpv2Temperature(text string) int {
	if tenths := httpv2Number(text); tenths >= coldestTenths && tenths <= hottestTenths {
		return int(tenths)
	}
	return 0
}

// httpv2Number returns a number that is not negative; 0 of anything else.
func httpv2Number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// httpv2Free is the type of a record of a terminal that is set to open for everybody.
const httpv2Free = 25

// httpv2Opened are the types of records of passages; those up to httpv2LastType that are missing opened nothing.
var httpv2Opened = map[int]string{
	1: "刷卡", 2: "指纹", 3: "人脸", 4: "刷卡和指纹", 5: "人脸和指纹", 6: "刷卡和人脸", 7: "刷卡和密码", 8: "人脸和密码", 9: "指纹和密码", 10: "密码",
	11: "刷卡、指纹和密码", 12: "刷卡、人脸和密码", 13: "指纹、人脸和密码", 14: "刷卡、指纹和人脸", httpv2Free: "免验证", 29: "有效期即将过期",
	31: "访客密码", 32: "二维码", 36: "掌静脉", 37: "刷卡、掌静脉和人脸", 38: "掌静脉和密码", 39: "刷卡和掌静脉", 40: "人脸和掌静脉",
	41: "刷卡、掌静脉和密码", 42: "掌静脉、人脸和密码", 43: "指纹、掌静脉和人脸", 46: "组合验证", 47: "人证比对",
}

// httpv2LastType is the last that the maker lists. A later one is taken for a passage: a record too many is better than one too few.
const httpv2LastType = 49

// httpv2Means returns what opened, in words.
func httpv2Means(kind int) (words string, opened bool) {
	words, opened = httpv2Opened[kind]
	if !opened && (kind > httpv2LastType || kind == 0) {
		return "验证方式 " + strconv.Itoa(kind), true
	}
	return words, opened
}

// httpv2Fields returns the fields of a request by their names in lower case; ok is false if one comes twice, or if it is neither a
// form of parts nor an object.
func httpv2Fields(w Wire) (fields map[string]string, ok bool) {
	kind, parameters, err := mime.ParseMediaType(w.Type)
	if err == nil && kind == "multipart/form-data" {
		return httpv2Parts(multipart.NewReader(bytes.NewReader(w.Body), parameters["boundary"]))
	}
	return uniqueFields(w.Body)
}

// httpv2Parts reads the parts that have a meaning; pictures are passed over.
func httpv2Parts(r *multipart.Reader) (map[string]string, bool) {
	fields := map[string]string{}
	for range maxHTTPv2Parts {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return fields, true
		}
		if err != nil {
			return nil, false
		}
		name := strings.ToLower(part.FormName())
		if name != httpv2Serial && name != httpv2Detail && name != httpv2Detail2 {
			continue
		}
		text, err := httpv2Part(part)
		if _, twice := fields[name]; twice || err != nil {
			return nil, false
		}
		fields[name] = text
	}
	return nil, false
}

// httpv2Part returns the text of one part, which a terminal that is set to compresses.
func httpv2Part(part *multipart.Part) (string, error) {
	body, err := io.ReadAll(io.LimitReader(part, maxHTTPv2Detail+1))
	if err != nil || len(body) > maxHTTPv2Detail {
		return "", ErrReaderRequest
	}
	if !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return string(body), nil
	}
	packed, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return "", ErrReaderRequest
	}
	plain, err := io.ReadAll(io.LimitReader(packed, maxHTTPv2Detail+1))
	if err != nil || len(plain) > maxHTTPv2Detail {
		return "", ErrReaderRequest
	}
	return string(plain), nil
}

// uniqueFields reads an object of JSON: texts and numbers as text, anything else as it was written, names in lower case. ok is false
// of anything else, or if a name comes twice.
func uniqueFields(text []byte) (fields map[string]string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, false
	}
	fields = map[string]string{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, false
		}
		key := lowerASCII(name.(string)) // of an object in good form: nothing else is a name
		if _, twice := fields[key]; twice {
			return nil, false
		}
		fields[key] = plainValue(value)
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token() // nothing follows
	return fields, errors.Is(err, io.EOF)
}

// plainValue returns a text without its quotes.
func plainValue(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text // "" of null
	}
	return string(value)
}

// What Success says. A terminal opens on httpv2Yes, and on 2 without showing the message; one that reads httpv2Stranger sends nothing
// but heartbeats.
const (
	httpv2No       = 0
	httpv2Yes      = 1
	httpv2Stranger = 401
)

// answerHTTPv2 opens on a decision alone. Whatever else is sent is acknowledged when it was taken, and sent again when it was not.
func answerHTTPv2(r core.Reader, m Message, reply Reply, _ time.Time) []byte {
	answer := struct {
		Success int
		Message string `json:",omitempty"`
	}{Success: httpv2No}
	switch {
	case m.Kind == MessageUnread:
	case m.Kind == MessageScan:
		answer.Message = reply.Decision.Sentence
		if reply.Decision.Allowed {
			answer.Success = httpv2Yes
		}
	case reply.Taken:
		answer.Success = httpv2Yes
	case !strings.EqualFold(m.Device, r.Serial):
		answer.Success = httpv2Stranger
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(answer) // a text and a number: cannot fail
	return bytes.TrimRight(b.Bytes(), "\n")
}
