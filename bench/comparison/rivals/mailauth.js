// mailauth on a workload (see bench/comparison/protocol.py for its input and output).
//
//     NODE_PATH=FOLDER node mailauth.js FILE SECONDS
//
// Its resolver reads a map of ready-made answers, in the form of dns.promises.resolve. It caches nothing between checks.

'use strict';

const fs = require('node:fs');

const [file, seconds] = process.argv.slice(2);
const { spf } = require('mailauth/lib/spf');
const { version } = require('mailauth/package.json');

const answers = new Map();
const checks = [];
for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const [kind, ...field] = line.split('\t');
    if (kind === 'C') {
        checks.push({ ip: field[0], sender: field[1], helo: field[2], mta: 'receiver.example' });
    } else if (kind === 'Z') {
        const [name, type, value] = field;
        const key = `${name.toLowerCase()} ${type}`;
        if (!answers.has(key)) {
            answers.set(key, []);
        }
        const [priority, exchange] = value.split(' ');
        answers.get(key).push(type === 'TXT' ? [value] : type === 'MX' ? { priority: Number(priority), exchange } : value);
    }
}

const resolver = async (name, type) => {
    const found = answers.get(`${name.toLowerCase()} ${type}`);
    if (found) {
        return found;
    }
    throw Object.assign(new Error(`queryA ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
};

const check = async one => (await spf({ ...one, resolver })).status.result;

const now = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
};

(async () => {
    const results = [];
    for (const one of checks) {
        results.push(await check(one));
    }
    // Warm up the just-in-time compiler, which compiles in its own threads; their time counts as well.
    for (const end = now() + 2; now() < end; ) {
        for (const one of checks) {
            await check(one);
        }
    }
    const repeats = 1 + Math.floor(160 / checks.length);
    const samples = [];
    for (const end = now() + Number(seconds); !samples.length || now() < end; ) {
        const begin = now();
        for (let again = 0; again < repeats; again++) {
            for (const one of checks) {
                await check(one);
            }
        }
        samples.push(((now() - begin) / (repeats * checks.length)) * 1e6);
    }
    samples.sort((a, b) => a - b);
    const median = samples[Math.floor(samples.length / 2)];
    console.log(JSON.stringify({ engine: 'mailauth', version, median_us: median, passes: samples.length, results }));
})();
