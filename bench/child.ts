/** What runs in a process of its own, so that its memory is its own: streams and the overload. Started by
 *  `child-process.ts`, gets its task as the first argument, prints one line of JSON. */

import { type Job, jobs, type Task } from './jobs.js'

const task = JSON.parse(process.argv[2] ?? '') as Task
const job: Job = jobs[task.job]
process.stdout.write(`${JSON.stringify(await job(task))}\n`)
